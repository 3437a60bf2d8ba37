// A clip that was given: the frames that a model reads, which play until one of them is looked at.

import { bytesOf, easel } from "./picture.js";

const PACE = 150; // milliseconds of a frame
const USUAL = 100_000; // microseconds of a frame that says nothing else, or next to nothing
const TOO_SHORT = 10_000;

/** Returns a canvas with a clip, and what stops it at a frame, dark where a map has little weight. */
export async function shownClip(base64, count) {
  const frames = await evenly(bytesOf(base64), count);
  const { canvas, draw } = easel(frames[0], "The clip");
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  let playing = 0;
  let next = 0;

  function play() {
    draw(frames[next]);
    next = (next + 1) % frames.length;
    clearTimeout(playing);
    if (still) return;
    playing = setTimeout(() => { if (canvas.isConnected) play(); }, PACE);
  }

  function stop(frame, ...map) {
    clearTimeout(playing);
    draw(frames[frame], ...map);
  }

  return { canvas, play, stop };
}

/** Returns some frames, each the one that is seen in the middle of its share of the time. */
async function evenly(data, count) {
  const decoder = new ImageDecoder({ data, type: typeOf(data) });
  await decoder.tracks.ready;
  await decoder.completed;
  const ends = [];
  for (let i = 0; i < decoder.tracks.selectedTrack.frameCount; i += 1) {
    const { image } = await decoder.decode({ frameIndex: i });
    ends.push((ends.at(-1) ?? 0) + (image.duration > TOO_SHORT ? image.duration : USUAL));
    image.close();
  }
  const frames = [];
  for (let i = 0; i < count; i += 1) {
    const middle = ((2 * i + 1) * ends.at(-1)) / (2 * count);
    const { image } = await decoder.decode({ frameIndex: ends.findIndex((end) => end > middle) });
    frames.push(await createImageBitmap(image));
    image.close();
  }
  decoder.close();
  return frames;
}

function typeOf(data) {
  const kinds = { 0x47: "image/gif", 0x52: "image/webp", 0x89: "image/png" };
  return kinds[data[0]] ?? "image/gif";
}
