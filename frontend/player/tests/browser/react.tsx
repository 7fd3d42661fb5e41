import { StrictMode, useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { startOutbox, VideoPlayer } from '../../index';
import { readStage, type Stage } from './stage';

function Page({ endpoint, scenes }: Stage) {
  const [number, setNumber] = useState(0);
  const [{ respectPrivacySignals, storage } = {}] = scenes[0] ?? [];
  useEffect(
    () => startOutbox({ endpoint, respectPrivacySignals, storage }),
    [endpoint, respectPrivacySignals, storage],
  );
  return (
    <>
      <button onClick={() => setNumber((shown) => shown + 1)}>Next</button>
      {(scenes[number] ?? []).map(({ slot, ...player }) => (
        <VideoPlayer
          key={slot}
          data-slot={slot}
          endpoint={endpoint}
          onMilestone={() => window.milestones.push(player.videoId)}
          onError={({ currentTarget: { error } }) =>
            window.playbackErrors.push(`${String(error?.code)} ${error?.message ?? ''}`)
          }
          controls
          muted
          playsInline
          width={480}
          {...player}
        />
      ))}
    </>
  );
}

const stage = readStage();
const page = <Page {...stage} />;
const root = document.getElementById('root');
if (root) createRoot(root).render(stage.strict ? <StrictMode>{page}</StrictMode> : page);
