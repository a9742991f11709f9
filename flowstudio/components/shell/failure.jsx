// What a page shows when it broke while drawing itself.
import { TriangleAlert } from "lucide-react";
import { t } from "../texts/texts.js";

export function BrokenPage() {
  return (
    <main className="fs-error-page">
      <div className="fs-empty" role="alert">
        <TriangleAlert size={32} strokeWidth={1.5} aria-hidden="true" />
        <h1>{t("missing.broken_title")}</h1>
        <p>{t("missing.broken_text")}</p>
        <button type="button" className="fs-button fs-button-primary" onClick={() => location.reload()}>{t("missing.reload")}</button>
        <a className="fs-link" href="/">{t("missing.home")}</a>
      </div>
    </main>
  );
}
