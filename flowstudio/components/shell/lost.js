// The window's event that tells that a call of the server got no answer.
export const LOST = "flowstudio:lost";
