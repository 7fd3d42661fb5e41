"""Draw the sample videos of the demo site, and a poster for each, into frontend/site/public/videos.

    python3 -m venv /tmp/draw && /tmp/draw/bin/pip install av==18.1.0 pillow
    /tmp/draw/bin/python frontend/site/scripts/make_sample_videos.py [NAME ...]

The results are committed: nobody needs this to build the site. Every scene ends as it begins, so that a looping preview
shows no seam, and carries its own clock, so that a person or a test can read the position from the picture.

H.264 with its index in front (`faststart`): playback starts with the first bytes, and a Range request can seek.
"""

from __future__ import annotations

import math
import random
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import av
from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from collections.abc import Callable

    Color = tuple[int, int, int]

FOLDER = Path(__file__).resolve().parent.parent / "public" / "videos"
SIZE = (640, 360)
FRAMES_PER_SECOND = 20
SECONDS_PER_KEYFRAME = 5
"""A seek decodes from the keyframe before it; a keyframe costs as much as seconds of motion."""
SCALE = 2
"""Drawn larger and shrunk: Pillow draws hard edges."""
WIDTH, HEIGHT = SIZE[0] * SCALE, SIZE[1] * SCALE
TURN = 2 * math.pi


@dataclass(frozen=True)
class Scene:
    """A video: its length, x264's quality (lower is finer), what lies behind it, and what is drawn at a share of it."""

    seconds: int
    quality: int
    background: Callable[[], Image.Image]
    draw: Callable[[ImageDraw.ImageDraw, float], None]
    poster_at: float


def main(names: list[str]) -> None:
    """Draw the named scenes, or all."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in names or SCENES:
        scene = SCENES[name]
        encode(scene, FOLDER / f"{name}.mp4")
        draw_frame(scene, scene.background(), scene.poster_at).save(
            FOLDER / f"{name}.jpg", quality=78, optimize=True, progressive=True
        )


def encode(scene: Scene, path: Path) -> None:
    """Write the scene as a video that a browser can play while it loads."""
    background = scene.background()
    total = scene.seconds * FRAMES_PER_SECOND
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("libx264", rate=FRAMES_PER_SECOND)
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        stream.codec_context.gop_size = SECONDS_PER_KEYFRAME * FRAMES_PER_SECOND
        stream.options = {"crf": str(scene.quality), "preset": "veryslow", "tune": "animation", "profile": "high"}
        for number in range(total):
            image = draw_frame(scene, background, number / total)
            draw_clock(image, number / FRAMES_PER_SECOND, scene.seconds)
            container.mux(stream.encode(av.VideoFrame.from_image(image)))
        container.mux(stream.encode(None))


def draw_frame(scene: Scene, background: Image.Image, share: float) -> Image.Image:
    """The picture at a share, from 0 to 1, of the scene's time."""
    image = background.copy()
    scene.draw(ImageDraw.Draw(image, "RGBA"), share)
    return image.resize(SIZE, Image.Resampling.LANCZOS)


def draw_clock(image: Image.Image, at: float, seconds: int) -> None:
    """The time in tenths at the top, and at the bottom how far it is, with a notch at the half."""
    width, height = SIZE
    draw = ImageDraw.Draw(image, "RGBA")
    draw.rounded_rectangle((16, 16, 92, 44), 14, fill=(0, 0, 0, 140))
    font = ImageFont.load_default(16)
    for place, letter in enumerate(f"{at:04.1f}"):
        draw.text((33 + 10 * place - (3 if place > 2 else 0), 30), letter, (255, 255, 255), font, anchor="mm")
    draw.text((78, 30), "s", (255, 255, 255, 190), font, anchor="mm")
    draw.rectangle((0, height - 4, width, height), fill=(0, 0, 0, 110))
    draw.rectangle((0, height - 4, round(width * at / seconds), height), fill=(255, 255, 255, 230))
    draw.rectangle((width // 2 - 1, height - 8, width // 2, height), fill=(255, 255, 255, 230))


# The scenes. Lengths are pixels of the large drawing, 1280 x 720.


def sky(top: Color, bottom: Color) -> Callable[[], Image.Image]:
    """A background that goes from one colour down to another."""

    def paint() -> Image.Image:
        image = Image.new("RGB", (WIDTH, HEIGHT))
        draw = ImageDraw.Draw(image)
        for y in range(HEIGHT):
            draw.line((0, y, WIDTH, y), fill=mix(top, bottom, y / HEIGHT))
        return image

    return paint


def starry(top: Color, bottom: Color, *, stars: int, above: float = 1.0) -> Callable[[], Image.Image]:
    """A sky with stars, the same ones each time."""

    def paint() -> Image.Image:
        image = sky(top, bottom)()
        draw = ImageDraw.Draw(image, "RGBA")
        dice = random.Random(7)  # noqa: S311 - stars.
        for _ in range(stars):
            disc(
                draw,
                dice.random() * WIDTH,
                dice.random() * HEIGHT * above,
                dice.uniform(1.2, 3.4),
                (255, 255, 255, 170),
            )
        return image

    return paint


def tides(draw: ImageDraw.ImageDraw, share: float) -> None:
    """The moon crosses the sky above five rows of waves."""
    x = -120 + (WIDTH + 240) * share
    disc(draw, x, 380 - 250 * math.sin(math.pi * share), 74, (255, 244, 214))
    for row in range(5):
        color = mix((58, 120, 150), (9, 30, 56), row / 4)
        base = 400 + 66 * row
        turns, speed = 1.5 + 0.35 * row, (2, 3, 3, 4, 5)[row]
        surface = [
            (x, base + (16 + 5 * row) * math.sin(TURN * (turns * x / WIDTH + speed * share * (-1) ** row)))
            for x in range(0, WIDTH + 20, 20)
        ]
        draw.polygon([(0, HEIGHT), *surface, (WIDTH, HEIGHT)], fill=color)


def orbits(draw: ImageDraw.ImageDraw, share: float) -> None:
    """Five planets go round a sun, the inner ones more often."""
    middle_x, middle_y = WIDTH / 2, HEIGHT / 2
    planets = [
        (130, 6, 15, (242, 178, 122)),
        (215, 4, 20, (232, 120, 110)),
        (315, 3, 26, (126, 190, 236)),
        (430, 2, 40, (214, 176, 240)),
        (560, 1, 30, (140, 220, 190)),
    ]
    for radius, _, _, _ in planets:
        box = (middle_x - radius, middle_y - radius * 0.52, middle_x + radius, middle_y + radius * 0.52)
        draw.ellipse(box, outline=(255, 255, 255, 46), width=3)
    bodies = [(0.0, middle_x, middle_y, 62, (255, 206, 104))]
    for place, (radius, turns, size, color) in enumerate(planets):
        angle = TURN * (turns * share + 0.17 * place)
        depth = math.sin(angle)
        bodies.append((depth, middle_x + radius * math.cos(angle), middle_y + radius * 0.52 * depth, size, color))
    for depth, x, y, size, color in sorted(bodies):
        disc(draw, x, y, size * (1 + 0.14 * depth), color)


def night_train(draw: ImageDraw.ImageDraw, share: float) -> None:
    """A lit train passes; behind it the hills go by, the near ones faster."""
    for row, (base, height, laps, color) in enumerate(
        [(430, 110, 1, (62, 56, 110)), (510, 84, 2, (44, 42, 88)), (590, 60, 4, (30, 30, 66))]
    ):
        ridge = [
            (x, base - height * (0.5 + 0.5 * math.sin(TURN * ((2 + row) * x / WIDTH + laps * share)) * math.cos(
                TURN * (x / WIDTH + laps * share) + row))) for x in range(0, WIDTH + 16, 16)
        ]  # fmt: skip
        draw.polygon([(0, HEIGHT), *ridge, (WIDTH, HEIGHT)], fill=color)
    draw.rectangle((0, 648, WIDTH, HEIGHT), fill=(17, 17, 40))
    head = WIDTH + 200 - (WIDTH + 1700) * share
    for car in range(5):
        left = head + 290 * car
        draw.rounded_rectangle((left, 540, left + 274, 634), 26 if car == 0 else 12, fill=(214, 84, 84))
        draw.rectangle((left, 606, left + 274, 616), fill=(244, 226, 200))
        for window in range(4):
            x = left + 24 + 60 * window
            draw.rounded_rectangle((x, 560, x + 44, 594), 6, fill=(255, 226, 150))
        for wheel in (52, 222):
            disc(draw, left + wheel, 638, 13, (60, 60, 84))
    for sleeper in range(20):
        x = ((sleeper / 19 + 16 * share) % 1) * (WIDTH + 70) - 70
        draw.rectangle((x, 656, x + 30, 664), fill=(70, 66, 96))


def lanterns(draw: ImageDraw.ImageDraw, share: float) -> None:
    """Paper lanterns rise and sway."""
    dice = random.Random(11)  # noqa: S311 - lanterns.
    for place in range(11):
        x, start, size = (place + 0.5 + dice.uniform(-0.3, 0.3)) * WIDTH / 11, dice.random(), dice.uniform(26, 58)
        y = HEIGHT + 90 - ((start + share * (2 if size > 46 else 1)) % 1) * (HEIGHT + 200)
        x += 26 * math.sin(TURN * (share * 2 + start))
        color = mix((255, 150, 84), (255, 206, 130), (size - 26) / 32)
        disc(draw, x, y, size * 1.5, (*color, 36))
        draw.rounded_rectangle((x - size * 0.7, y - size, x + size * 0.7, y + size), size * 0.46, fill=color)
        draw.rectangle((x - size * 0.34, y + size - 5, x + size * 0.34, y + size + 6), fill=(150, 60, 50))
        disc(draw, x, y + size * 0.2, size * 0.3, (255, 244, 206))


def pendulums(draw: ImageDraw.ImageDraw, share: float) -> None:
    """Five pendulums fall out of step and meet again at the end."""
    draw.rounded_rectangle((220, 104, WIDTH - 220, 116), 6, fill=(92, 66, 60))
    for place in range(5):
        x = 320 + 160 * place
        angle = 0.36 * math.cos(TURN * share * (4 + place))
        length = 470 - 60 * place
        end_x, end_y = x + length * math.sin(angle), 116 + length * math.cos(angle)
        draw.line((x, 116, end_x, end_y), fill=(92, 66, 60), width=5)
        disc(draw, end_x, end_y, 42, mix((214, 84, 74), (50, 120, 136), place / 4))


def one_turn(draw: ImageDraw.ImageDraw, share: float) -> None:
    """A dial whose hand goes round once."""
    x, y, radius = WIDTH / 2, HEIGHT / 2, 270
    disc(draw, x, y, radius + 26, (255, 255, 255))
    box = (x - radius, y - radius, x + radius, y + radius)
    draw.pieslice(box, -90, -90 + 360 * share, fill=(150, 196, 186))
    for mark in range(20):
        angle = TURN * mark / 20
        inner = radius - (44 if mark % 5 == 0 else 22)
        ends = [(x + r * math.sin(angle), y - r * math.cos(angle)) for r in (inner, radius - 6)]
        draw.line(ends, fill=(44, 74, 76), width=10 if mark % 5 == 0 else 5)
    angle = TURN * share
    draw.line((x, y, x + 220 * math.sin(angle), y - 220 * math.cos(angle)), fill=(222, 92, 76), width=14)
    disc(draw, x + 220 * math.sin(angle), y - 220 * math.cos(angle), 7, (222, 92, 76))
    disc(draw, x, y, 24, (44, 74, 76))


def disc(draw: ImageDraw.ImageDraw, x: float, y: float, radius: float, color: tuple[int, ...]) -> None:
    """A filled circle around a point."""
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=color)


def mix(one: Color, other: Color, share: float) -> Color:
    """The colour that lies at a share of the way from one to the other."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


SCENES = {
    "tides": Scene(20, 36, sky((24, 40, 84), (232, 150, 120)), tides, 0.36),
    "orbits": Scene(24, 38, starry((13, 14, 38), (30, 24, 62), stars=90), orbits, 0.3),
    "night-train": Scene(22, 38, starry((18, 20, 56), (122, 84, 140), stars=60, above=0.5), night_train, 0.44),
    "lanterns": Scene(18, 38, sky((28, 24, 66), (120, 60, 96)), lanterns, 0.62),
    "pendulums": Scene(16, 38, sky((250, 236, 214), (238, 204, 176)), pendulums, 0.07),
    "one-turn": Scene(20, 34, sky((206, 226, 220), (160, 196, 196)), one_turn, 0.62),
}

if __name__ == "__main__":
    main(sys.argv[1:])
