/** A small line chart from 0 to the largest value. It is hidden from screen readers, so show its values elsewhere. */
export function Sparkline({ values }: { values: readonly number[] }) {
  const top = Math.max(1, ...values);
  const last = Math.max(1, values.length - 1);
  const line = values.map((value, index) => `${(index / last) * 100} ${round(20 - (value / top) * 19)}`).join('L');
  return (
    <svg className="sparkline" viewBox="0 0 100 20" preserveAspectRatio="none" aria-hidden="true">
      <path className="area" d={`M0 20L${line}L100 20z`} />
      <path className="line" d={`M${line}`} />
    </svg>
  );
}

function round(y: number): number {
  return Math.round(y * 100) / 100;
}
