"""Generates the clips in media/: `pip install av numpy`, then run this file. Tests use the committed clips."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av  # type: ignore[import-not-found, unused-ignore]  # needed only to generate the clips
import numpy as np  # type: ignore[import-not-found, unused-ignore]

MEDIA = Path(__file__).parent / "media"
WIDTH, HEIGHT, FRAMES_PER_SECOND, SAMPLES_PER_SECOND = 160, 90, 20, 24_000
X264 = {"preset": "veryslow", "tune": "stillimage", "crf": "40", "x264-params": "keyint=20:min-keyint=20:scenecut=0"}


def main() -> None:
    """Write all clips again."""
    MEDIA.mkdir(exist_ok=True)
    for old in MEDIA.iterdir():
        old.unlink()
    make("clip-0.6s.mp4", 0.6)
    make("clip-4s.mp4", 4, sound=True)
    make("clip-20s.mp4", 20)
    # As a browser's MediaRecorder writes it: without a duration.
    make("recorded-20s.webm", 20, codec="libvpx", container={"live": "1"}, codec_options={"crf": "40", "b": "40k"})
    segments = {"hls_time": "1", "hls_list_size": "0", "hls_segment_filename": str(MEDIA / "segment-%02d.ts")}
    make("segments.m3u8", 20, container=segments)
    (MEDIA / "segments.m3u8").unlink()  # The harness server writes the playlists.


def make(
    name: str,
    seconds: float,
    *,
    sound: bool = False,
    codec: str = "libx264",
    container: dict[str, str] | None = None,
    codec_options: dict[str, str] | None = None,
) -> None:
    """Write one clip: a bar that moves from left to right in `seconds`."""
    options = container or {"movflags": "faststart"}
    with av.open(str(MEDIA / name), "w", options=options) as output:
        video = output.add_stream(codec, rate=FRAMES_PER_SECOND, options=codec_options or X264)
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        audio = output.add_stream("aac", rate=SAMPLES_PER_SECOND, layout="mono") if sound else None
        if audio:
            audio.bit_rate = 16_000
        for number in range(round(seconds * FRAMES_PER_SECOND)):
            output.mux(video.encode(_picture(number / FRAMES_PER_SECOND / seconds, number)))
        output.mux(video.encode())
        if audio:
            _hum(output, audio, seconds)


def _picture(share: float, number: int) -> Any:
    pixels = np.full((HEIGHT, WIDTH, 3), 40, dtype=np.uint8)
    left = int(share * (WIDTH - 10))
    pixels[20:70, left : left + 10] = (250, 200, 60)
    frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
    frame.pts, frame.time_base = number, Fraction(1, FRAMES_PER_SECOND)
    return frame


def _hum(output: Any, stream: Any, seconds: float) -> None:
    size = 1024
    for start in range(0, round(seconds * SAMPLES_PER_SECOND) - size + 1, size):
        times = np.arange(start, start + size) / SAMPLES_PER_SECOND
        samples = (0.02 * np.sin(2 * np.pi * 220 * times)).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = SAMPLES_PER_SECOND, start, Fraction(1, SAMPLES_PER_SECOND)
        output.mux(stream.encode(frame))
    output.mux(stream.encode())


if __name__ == "__main__":
    main()
