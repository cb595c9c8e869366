"""The live lab: a page on which every change of a setting trains the net anew, and every number in it can be looked at."""
