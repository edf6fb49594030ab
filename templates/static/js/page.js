// The conversation that this page shows.

const root = document.querySelector("[data-conversation]");

export const conversation = root?.dataset.conversation ?? "";
export const project = root?.dataset.project ?? "";
export const user = root?.dataset.user ?? "";
