const crypto = require("crypto");
const { table } = require("./lib/table.js");

/*! own v1.0.0 (c) its author, MIT License */
exports.handler = async (event) => {
  const hash = crypto.createHash("sha256").update(JSON.stringify(event)).digest("hex");
  return { statusCode: 200, body: table[hash.slice(0, 2)] ?? "node_modules/axios/lib/axios.js is not here" };
};
