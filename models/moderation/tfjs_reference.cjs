// What nsfwjs itself says of pictures, to hold the ONNX conversion against:
//   NODE_PATH=FOLDER/node_modules node tfjs_reference.cjs PIXELS SIDE > probabilities.json
// PIXELS: float32[N, SIDE, SIDE, 3] in 0..255. The last line printed holds N objects of class -> probability.
const fs = require("fs");
const tf = require("@tensorflow/tfjs");
const nsfwjs = require("nsfwjs");

const [path, sideText] = process.argv.slice(2);
const side = Number(sideText);
const bytes = fs.readFileSync(path);
const pixels = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);

(async () => {
  await tf.setBackend("cpu");
  const model = await nsfwjs.load("MobileNetV2");
  const size = side * side * 3;
  const found = [];
  for (let start = 0; start < pixels.length; start += size) {
    const picture = tf.tensor3d(pixels.slice(start, start + size), [side, side, 3]);
    const classes = await model.classify(picture, 5);
    picture.dispose();
    found.push(Object.fromEntries(classes.map((one) => [one.className, one.probability])));
  }
  console.log(JSON.stringify(found));
})();
