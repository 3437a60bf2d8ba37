// A picture that was given, and which of its places matter.

import { element } from "./elements.js";

const WIDEST = 640; // pixels of a picture's longer side, and its shortest when it is small
const NARROWEST = 288;
const PLAIN = 4; // times the mean weight: less is never shown as a peak, so that even attention looks even
const DIMMED = 0.66;

/** Returns a canvas with a picture, and what draws it again, dark where a map has little weight. */
export async function shownPicture(base64) {
  const picture = await createImageBitmap(new Blob([bytesOf(base64)]));
  const { canvas, draw } = easel(picture, "The picture");
  return { canvas, draw: (...map) => draw(picture, ...map), width: picture.width };
}

export function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

/** Returns a canvas for pictures as large as one, and what draws them, dark where a map has little weight. */
export function easel({ width, height }, label) {
  const longer = Math.max(width, height);
  const scale = Math.min(WIDEST, Math.max(NARROWEST, longer)) / longer;
  const [across_, down_] = [width, height].map((pixels) => Math.max(1, Math.round(pixels * scale)));
  const canvas = element("canvas", { class: "shown", role: "img", "aria-label": label, width: across_, height: down_ });
  const pen = canvas.getContext("2d");
  pen.imageSmoothingQuality = "high";

  function draw(picture, map, down, across, most) {
    pen.fillStyle = "white"; // behind what is transparent, as the models see it
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
    if (!map) return;
    const peak = most ?? Math.max(...map, (PLAIN * map.reduce((sum, weight) => sum + weight, 0)) / map.length);
    const shade = new OffscreenCanvas(across, down);
    const pixels = new ImageData(across, down);
    map.forEach((weight, i) => { pixels.data.set([12, 14, 24, 255 * DIMMED * (1 - weight / peak)], 4 * i); });
    shade.getContext("2d").putImageData(pixels, 0, 0);
    pen.drawImage(shade, 0, 0, canvas.width, canvas.height);
  }

  return { canvas, draw };
}
