const axios = require("axios");
const _ = require("lodash");
const jwt = require("jsonwebtoken");
const { v4 } = require("uuid");
exports.handler = async (event) => {
  const id = v4();
  const token = jwt.sign({ id, roles: _.uniq(event.roles) }, process.env.SECRET);
  const { data } = await axios.get(event.url, { headers: { authorization: "Bearer " + token } });
  return { statusCode: 200, body: JSON.stringify(_.pick(data, ["id"])) };
};
