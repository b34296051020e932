// Single-key shortcuts: they can be switched off, and are none where a text is typed.

import { $ } from "/words.js";

export function listen(actions, isReady) {
  document.addEventListener("keydown", (event) => {
    const isTyping = event.target.closest?.("input, textarea, select");
    if (isTyping || event.ctrlKey || event.metaKey || event.altKey || !$("shortcuts").checked) {
      return;
    }
    const action = actions[event.key.toLowerCase()];
    if (action && isReady()) {
      event.preventDefault();
      action();
    }
  });
}
