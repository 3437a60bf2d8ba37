// A clip that was given: the frames that a model reads, which play until one of them is looked at.

import { bytesOf, easel } from "./picture.js";

const PACE = 150; // milliseconds of a frame
const USUAL = 100_000; // microseconds of a frame that says nothing else

/** Returns a canvas with a clip, and what stops it at a frame, dark where a map has little weight. */
export async function shownClip(base64, count) {
  const frames = await evenly(bytesOf(base64), count);
  const { canvas, draw } = easel({ width: frames[0].displayWidth, height: frames[0].displayHeight }, "The clip");
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
  const frames = [];
  for (let i = 0; i < decoder.tracks.selectedTrack.frameCount; i += 1) {
    frames.push((await decoder.decode({ frameIndex: i })).image);
  }
  const ends = frames.reduce((sums, frame) => [...sums, (sums.at(-1) ?? 0) + (frame.duration || USUAL)], []);
  return Array.from({ length: count }, (_, i) => {
    const middle = ((2 * i + 1) * ends.at(-1)) / (2 * count);
    return frames[ends.findIndex((end) => end > middle)];
  });
}

function typeOf(data) {
  const kinds = { 0x47: "image/gif", 0x52: "image/webp", 0x89: "image/png" };
  return kinds[data[0]] ?? "image/gif";
}
