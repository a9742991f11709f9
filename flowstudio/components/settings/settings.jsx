// The settings page: sections as tabs, each with an address of its own (#people).
import { useEffect, useRef, useState } from "react";
import { t } from "../texts/texts.js";
import { About } from "./about.jsx";
import { Activity } from "./activity.jsx";
import { Collections } from "./collections.jsx";
import { Conversations } from "./conversations.jsx";
import { Keys } from "./keys.jsx";
import { Network } from "./network.jsx";
import { People } from "./people.jsx";
import { Prices } from "./prices.jsx";
import { Profile } from "./profile.jsx";
import { Server } from "./server.jsx";
import { Workers } from "./workers.jsx";
import "./settings.css";

const SECTIONS = { profile: Profile, keys: Keys, people: People, activity: Activity, network: Network, server: Server, workers: Workers, prices: Prices, conversations: Conversations, collections: Collections, about: About };
const FOR_ADMINS = new Set(["people", "activity", "network", "server", "workers"]);

export function Settings({ mayAdmin, mayEdit }) {
  const names = Object.keys(SECTIONS).filter((name) => mayAdmin || !FOR_ADMINS.has(name));
  const [wanted, setWanted] = useState(() => location.hash.slice(1));
  const tabs = useRef(null);
  useEffect(() => {
    const follow = () => setWanted(location.hash.slice(1));
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  const current = names.includes(wanted) ? wanted : names[0];
  const choose = (name) => {
    setWanted(name);
    history.replaceState(history.state, "", `#${name}`);
  };
  const keys = (event) => {
    const at = names.indexOf(current);
    const to = { ArrowRight: (at + 1) % names.length, ArrowLeft: (at + names.length - 1) % names.length, Home: 0, End: names.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    choose(names[to]);
    tabs.current.children[to].focus();
  };
  const Section = SECTIONS[current];
  return (
    <>
      <div className="fs-section-tabs" role="tablist" aria-label={t("settings.title")} ref={tabs} onKeyDown={keys}>
        {names.map((name) => (
          <button key={name} type="button" role="tab" id={`tab-${name}`} aria-selected={name === current} aria-controls="section" tabIndex={name === current ? 0 : -1} onClick={() => choose(name)}>
            {t(`settings.${name}`)}
          </button>
        ))}
      </div>
      <div role="tabpanel" id="section" aria-labelledby={`tab-${current}`} className="fs-settings"><Section mayAdmin={mayAdmin} mayEdit={mayEdit} /></div>
    </>
  );
}
