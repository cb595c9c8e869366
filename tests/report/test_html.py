from __future__ import annotations

from html import unescape
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from nextclose.report.html import Markup, bullets, table, tag


class Seen(HTMLParser):
    """What a parser makes of a text: elements and words."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[str] = []
        self.words = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, name, attributes):
        self.elements.append(name)

    def handle_data(self, words):
        self.words += words


def test_tags_escape_all_but_markup():
    shown = tag("p", "a < b", Markup("<b>c</b>"), class_="x", data_n='"')
    assert shown == '<p class="x" data-n="&quot;">a &lt; b<b>c</b></p>'


@given(st.text(st.characters(exclude_categories=("Cs", "Cc"))))
def test_any_text_stays_text(text):
    seen = Seen(tag("p", text, title=text))
    assert seen.elements == ["p"]
    assert seen.words == text


def test_a_table_names_its_rows_and_lets_some_stand_back():
    shown = table(("name", "n"), [("a<", "1"), ("b", "2")], quiet=(False, True))
    assert '<th class="word" scope="row">a&lt;</th><td class="num">1</td>' in shown
    assert shown.count('<tr class="quiet">') == 1
    assert "a<" in unescape(shown)


def test_no_texts_make_no_list():
    assert bullets([]) == ""
