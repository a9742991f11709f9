// What a part of a page shows while its data is on the way, or when it did not come.
import { useCallback, useEffect, useState } from "react";
import { t } from "../texts/texts.js";
import { get } from "../studio/api.js";

/** What a path of the HTTP API answers: [data, failure, reload]. Nothing is asked for while `wanted` is false. */
export function useAnswer(path, wanted = true) {
  const [data, setData] = useState(null);
  const [failure, setFailure] = useState("");
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    if (!wanted) return undefined;
    const gone = new AbortController();
    get(path, { signal: gone.signal }).then((answer) => { setData(answer); setFailure(""); })
      .catch((error) => error.name !== "AbortError" && setFailure(error.message));
    return () => gone.abort();
  }, [path, wanted, turn]);
  const reload = useCallback(() => setTurn((before) => before + 1), []);
  return [data, failure, reload];
}

export function Pending({ failure, reload }) {
  if (!failure) return <div className="fs-card fs-skeleton" aria-busy="true" aria-label={t("app.loading")} role="status" />;
  return (
    <div className="fs-card fs-empty" role="alert">
      <p>{failure}</p>
      {reload && <button type="button" className="fs-button" onClick={reload}>{t("app.again")}</button>}
    </div>
  );
}
