// A converted classifier in a browser or in node: the network on onnxruntime-web, all else here.
//
//   import * as ort from "onnxruntime-web";
//   const model = await load(ort, async (name) => (await fetch(name)).arrayBuffer());
//   await model.answer("what a day!"); // { label, score, scores }

const MASK = (1n << 64n) - 1n;
const [K0, K1, K2] = [0xc3a5c85c97cb3127n, 0xb492b66fbe98f273n, 0x9ae16a3b2f90404fn];
const START = "<start>";
const UNKNOWN = 1;

/**
 * Opens a converted model.
 *
 * @param ort what runs networks: the module onnxruntime-web, or onnxruntime-node.
 * @param read gives the bytes of a file of the model's folder, as a promise of an ArrayBuffer.
 */
export async function load(ort, read) {
  const text = async (name) => new TextDecoder().decode(await read(name));
  const lines = async (name) => (await text(name)).split(/\r?\n/).slice(0, -1);
  const about = JSON.parse(await text("model.json"));
  if (about.mapping !== "classification") throw new Error(`${about.name}: only classifiers are read in JavaScript so far`);
  if (about.inputs.includes("clusters")) throw new Error(`${about.name}: word clusters are not read in JavaScript so far`);
  const session = await ort.InferenceSession.create(new Uint8Array(await read("core.onnx")));
  const numbers = new Map((await lines("vocabulary.txt")).map((word, number) => [word, number]));
  const arrays = {};
  for (const name of about.arrays) arrays[name] = array(await read(`arrays/${name}.npy`));
  const vectors = about.inputs.includes("vectors")
    ? { rows: new Map((await lines("vectors.txt")).map((word, row) => [word, row])), table: array(await read("vectors.npy")) }
    : null;
  return new Classifier(ort, about, session, numbers, arrays, vectors);
}

class Classifier {
  constructor(ort, about, session, numbers, arrays, vectors) {
    Object.assign(this, { ort, about, session, numbers, vectors });
    this.before = rules(about.reads.before);
    this.rules = rules(about.reads.rules);
    this.lower = lowering(about.reads.small_letters);
    this.runs = arrays.hashes ? runs(arrays) : null;
  }

  /** Returns `label`, `score` and `scores` of a text. */
  async answer(text) {
    const { about } = this;
    const words = this.words(text).slice(0, about.config.max_words);
    const { logits } = await this.session.run(this.tensors([START, ...words]));
    const beside = this.runs ? this.runs(words) : [];
    const summed = Array.from(logits.data, (logit, i) => logit / about.temperature + about.share * (beside[i] ?? 0));
    const scores = softmax(summed);
    const best = scores.indexOf(Math.max(...scores));
    return {
      label: about.labels[best],
      score: scores[best],
      scores: Object.fromEntries(about.labels.map((label, i) => [label, scores[i]])),
    };
  }

  words(text) {
    const clean = text.toWellFormed ? text.toWellFormed() : text.replace(/\p{Surrogate}/gu, "\ufffd");
    return applied(this.rules, this.lower(applied(this.before, clean))).split(" ").filter(Boolean);
  }

  tensors(words) {
    const { ort, about, vectors } = this;
    const int32 = (values, ...more) => new ort.Tensor("int32", Int32Array.from(values), [1, words.length, ...more]);
    const tensors = { words: int32(words.map((word) => this.numbers.get(word) ?? UNKNOWN)) };
    if (about.inputs.includes("subwords")) {
      tensors.subwords = int32(words.flatMap((word) => ngrams(word, about)), about.most);
    }
    if (vectors) {
      const [rows, units] = vectors.table.shape;
      const found = words.flatMap((word) => {
        const row = vectors.rows.get(this.lower(word)) ?? rows - 1;
        return Array.from(vectors.table.values.subarray(row * units, (row + 1) * units));
      });
      tensors.vectors = new ort.Tensor("float32", Float32Array.from(found), [1, words.length, units]);
    }
    return tensors;
  }
}

// Text -----------------------------------------------------------------------------------------------------------

/** Makes rules of those that are written for Python's `re`, in which \w, \b and \S know ASCII alone. */
function rules(written) {
  const letters = (_, body) =>
    `(?:${body.replace(/[a-z]/gi, (letter) => `[${letter.toLowerCase()}${letter.toUpperCase()}]`)})`;
  return written.map(([pattern, put]) => [
    new RegExp(pattern
      .replace(/\\U([0-9a-f]{8})/g, (_, code) => `\\u{${code.replace(/^0+/, "")}}`)
      .replace(/\\S/g, "[^\\t\\n\\v\\f\\r ]")
      .replace(/\(\?i:([^()]*)\)/g, letters), "gu"),
    put.replace(/\$/g, "$$$$").replace(/\\g<(\d)>/g, (_, group) => (group === "0" ? "$&" : `$${group}`)),
  ]);
}

function applied(all, text) {
  return all.reduce((changed, [pattern, put]) => changed.replace(pattern, put), text);
}

/** Returns what puts a text into lower case; some letters have small ones that are not this machine's. */
function lowering(others) {
  const letters = Object.keys(others).join("");
  if (!letters) return (text) => text.toLowerCase();
  const other = new RegExp(`([${letters}])`, "u");
  return (text) => text.split(other).map((part) => others[part] ?? part.toLowerCase()).join("");
}

function ngrams(word, { sizes, most, config }) {
  const letters = Array.from(`<${word}>`).slice(0, most + Math.max(...sizes));
  const grams = sizes.flatMap((size) =>
    letters.slice(0, Math.max(0, letters.length - size + 1)).map((_, i) => letters.slice(i, i + size).join("")));
  const found = grams.slice(0, most).map((gram) => Number(bucket(gram, BigInt(config.subword_buckets))) + 1);
  return [...found, ...Array(most - found.length).fill(0)];
}

/** Returns the linear model of runs of one to three words: words -> log-probabilities of the labels. */
function runs({ hashes, weights, bias }) {
  const places = new Map(Array.from(hashes.values, (hashed, place) => [hashed, place]));
  const [known, labels] = [hashes.shape[0], weights.shape[1]];
  return (words) => {
    const found = new Set();
    for (const size of [1, 2, 3]) {
      for (let i = 0; i + size <= words.length; i++) {
        found.add(places.get(bucket(words.slice(i, i + size).join(" "), 1n << 62n)) ?? known);
      }
    }
    const logits = Array.from({ length: labels }, (_, label) => bias.values[label % bias.values.length]);
    for (const place of found) {
      for (let label = 0; label < labels; label++) logits[label] += weights.values[place * labels + label];
    }
    const each = (labels === 1 ? [logits[0], -logits[0]] : logits).map((logit) => -logSum([0, -logit]));
    const total = logSum(each);
    return each.map((value) => value - total);
  };
}

function logSum(values) {
  const highest = Math.max(...values);
  return highest + Math.log(values.reduce((sum, value) => sum + Math.exp(value - highest), 0));
}

function softmax(logits) {
  const total = logSum(logits);
  return logits.map((logit) => Math.exp(logit - total));
}

// Files ----------------------------------------------------------------------------------------------------------

/** Returns values and shape of a file of numpy. */
function array(buffer) {
  const size = new DataView(buffer).getUint16(8, true);
  const head = new TextDecoder().decode(new Uint8Array(buffer, 10, size));
  const shape = head.match(/'shape': \(([^)]*)\)/)[1].split(",").filter((part) => part.trim()).map(Number);
  const kind = head.match(/'descr': '([^']*)'/)[1];
  const body = buffer.slice(10 + size);
  if (kind === "<f2") return { shape, values: Float32Array.from(new Uint16Array(body), half) };
  if (kind === "<f4") return { shape, values: new Float32Array(body) };
  if (kind === "<i8") return { shape, values: new BigInt64Array(body) };
  throw new Error(`numbers of the kind ${kind} are not read`);
}

function half(bits) {
  const [sign, power, rest] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  if (power === 31) return rest ? NaN : sign * Infinity;
  return sign * (power ? 2 ** (power - 15) * (1 + rest / 1024) : 2 ** -14 * (rest / 1024));
}

// FarmHash's 64-bit fingerprint, by which TensorFlow puts strings into buckets ------------------------------------

const encoder = new TextEncoder();

export function bucket(text, buckets) {
  return fingerprint(encoder.encode(text)) % buckets;
}

function fingerprint(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const word = (place) => view.getBigUint64(place, true);
  const size = bytes.length;
  const mul = (K2 + 2n * BigInt(size)) & MASK;
  if (size <= 16) return short(bytes, view, word, size, mul);
  if (size <= 64) return medium(word, size, mul);
  return long(word, size);
}

function short(bytes, view, word, size, mul) {
  if (size >= 8) {
    const [a, b] = [word(0) + K2, word(size - 8)];
    return mixed(turned(b, 37n) * mul + a, (turned(a, 25n) + b) * mul, mul);
  }
  if (size >= 4) {
    const [first, last] = [0, size - 4].map((place) => BigInt(view.getUint32(place, true)));
    return mixed(BigInt(size) + (first << 3n), last, mul);
  }
  if (!size) return K2;
  const first = BigInt(bytes[0]) + (BigInt(bytes[size >> 1]) << 8n);
  const last = BigInt(size) + (BigInt(bytes[size - 1]) << 2n);
  return (shifted((first * K2) ^ (last * K0)) * K2) & MASK;
}

function medium(word, size, mul) {
  const [a, b] = [word(0) * (size <= 32 ? K1 : K2), word(8)];
  const [c, d] = [word(size - 8) * mul, word(size - 16) * K2];
  const y = turned(a + b, 43n) + turned(c, 30n) + d;
  const z = mixed(y, a + turned(b + K2, 18n) + c, mul);
  if (size <= 32) return z;
  const [e, f] = [word(16) * mul, word(24)];
  const [g, h] = [(y + word(size - 32)) * mul, (z + word(size - 24)) * mul];
  return mixed(turned(e + f, 43n) + turned(g, 30n) + h, e + turned(f + a, 18n) + g, mul);
}

function long(word, size) {
  let [x, y, v, w] = [81n, (81n * K1 + 113n) & MASK, [0n, 0n], [0n, 0n]];
  let z = (shifted(y * K2 + 113n) * K2) & MASK;
  x = (x * K2 + word(0)) & MASK;
  const round = (start, mul, times) => {
    x = turned(x + y + v[0] + word(start + 8), 37n) * mul;
    y = turned(y + v[1] + word(start + 48), 42n) * mul;
    x = (x ^ (w[1] * times)) & MASK;
    y = (y + v[0] * times + word(start + 40)) & MASK;
    z = (turned(z + w[0], 33n) * mul) & MASK;
    v = weak(word, start, v[1] * mul, x + w[0]);
    w = weak(word, start + 32, z + w[1], y + word(start + 16));
    [x, z] = [z, x];
  };
  for (let start = 0; start < Math.floor((size - 1) / 64) * 64; start += 64) round(start, K1, 1n);
  const mul = (K1 + ((z & 255n) << 1n)) & MASK;
  w = [w[0] + BigInt((size - 1) & 63), w[1]];
  v = [v[0] + w[0], v[1]];
  w = [w[0] + v[0], w[1]];
  round(size - 64, mul, 9n);
  return mixed(mixed(v[0], w[0], mul) + shifted(y) * K0 + z, mixed(v[1], w[1], mul) + x, mul);
}

function weak(word, start, first, second) {
  const [w, x, y, z] = [0, 8, 16, 24].map((place) => word(start + place));
  let [a, b] = [first + w, second];
  b = turned(b + a + z, 21n);
  const c = a;
  a += x + y;
  b += turned(a, 44n);
  return [(a + z) & MASK, (b + c) & MASK];
}

function mixed(u, v, mul) {
  const a = shifted((u ^ v) * mul);
  return (shifted((v ^ a) * mul) * mul) & MASK;
}

function shifted(value) {
  const low = value & MASK;
  return low ^ (low >> 47n);
}

function turned(value, by) {
  const low = value & MASK;
  return ((low >> by) | (low << (64n - by))) & MASK;
}
