// The views, in the order of their tabs.

import * as train from "./train.js";

export const VIEWS = [train];
