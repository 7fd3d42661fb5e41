/** What it takes to have milestones besides the half of a video. */
export function HowToEnable() {
  return (
    <>
      How far people watch is counted if the server enables it, with <code>PULSE_EVENTS=all</code>, and the player
      reports it, by its option <code>milestones</code>.
    </>
  );
}
