// The views, in the order of their tabs.

import * as train from "./train.js";
import * as net from "./net.js";
import * as shapes from "./shapes.js";
import * as backwards from "./backwards.js";
import * as ladder from "./ladder.js";
import * as breaks from "./breaks.js";
import * as take from "./take.js";

export const VIEWS = [train, net, shapes, backwards, ladder, breaks, take];
