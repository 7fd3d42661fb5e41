import { foreignLetters, partsOf } from './visible.js';

/** A video's id, as text: whatever is in it changes neither the page nor what stands beside it. */
export function VideoId({ id }: { id: string }) {
  const foreign = foreignLetters(id);
  return (
    <bdi
      className={foreign === undefined ? 'video-id' : 'video-id mixed-letters'}
      title={foreign === undefined ? undefined : `Not Latin: ${foreign}`}
    >
      {partsOf(id).map(({ text, named }, index) =>
        named ? (
          <span className="hidden-character" key={index}>
            {text}
          </span>
        ) : (
          text
        ),
      )}
    </bdi>
  );
}
