// What every page runs. Only this file has a script tag: modules that others import must have one address each,
// else the browser would run them twice.

import "./time.js";
import "./toast.js";
import "./refusals.js";
import "./dialogs.js";
import "./menu.js";
import "./confirm.js";
import "./copy.js";
import "./theme.js";
import "./shortcuts.js";
import "./scrollers.js";
