// What the conversation page runs, besides the frame.

import "./messages.js";
import "./composer.js";
import "./mention-chips.js";
import "./attach.js";
import "./turns.js";
import "./details.js";
import "./hovercard.js";
import "./upload-text.js";
