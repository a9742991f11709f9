// luxon with the workflow's time zone, $now and $today.
(host, part, scope) => {
  part("intl");
  const luxon = part("luxon");
  const { DateTime, Duration, Interval, Settings } = luxon;
  Settings.defaultLocale = "en-US";
  const place = () => {
    const zone = scope.shared.timezone || "UTC";
    Settings.defaultZone = zone;
    return zone;
  };
  const now = () => {
    const zone = place();
    return scope.shared.now ? DateTime.fromISO(scope.shared.now, { zone }) : DateTime.now().setZone(zone);
  };
  // The context may have been made before the workflow was known, so the zone is set when a class is asked for.
  return {
    get DateTime() { place(); return DateTime; },
    get Duration() { place(); return Duration; },
    get Interval() { place(); return Interval; },
    get luxon() { place(); return luxon; },
    get $now() { return now(); },
    get $today() { return now().startOf("day"); },
  };
}
