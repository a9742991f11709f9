// Shows what event handlers have to say. Reflex's own way evaluates code that the server sends, which the content policy forbids;
// so a handler sets the value of a "field" that is here, and setting it shows the words.
import { toast } from "sonner";
import { refs } from "$/utils/state";

const SHOW = { success: toast.success, error: toast.error };

refs.ref_notices = {
  current: {
    set value({ kind, text }) {
      SHOW[kind](text);
    },
  },
};

export function Notices() {
  return null;
}
