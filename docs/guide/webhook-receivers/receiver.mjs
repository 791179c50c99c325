// node receiver.mjs (Node 18 or later, no packages), with SECRET, API, TOKEN and PORT in the environment.
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const { SECRET, API, TOKEN, PORT } = process.env; // whsec_…, https://shop.example/, secret-token:…, 8080
const key = Buffer.from(SECRET.replace("whsec_", ""), "base64");

function isGenuine(headers, body) {
  const { "webhook-id": id, "webhook-timestamp": at, "webhook-signature": signatures = "" } = headers;
  if (!(Math.abs(Date.now() / 1000 - at) < 300)) return false; // an old call, repeated
  const ours = createHmac("sha256", key).update(`${id}.${at}.`).update(body).digest();
  const theirs = signatures.split(" ").map((one) => Buffer.from(one.replace("v1,", ""), "base64"));
  return theirs.some((one) => one.length === ours.length && timingSafeEqual(one, ours));
}

async function statusFor(request) {
  const body = Buffer.concat(await request.toArray());
  if (!isGenuine(request.headers, body)) return 401;
  // The call says only that something happened. What counts is what tilld answers.
  const id = JSON.parse(body).data.order_id;
  const answer = await fetch(`${API}private/orders/${id}`, { headers: { Authorization: `Bearer ${TOKEN}` } });
  const paid = answer.ok && (await answer.json()).order_status === "paid";
  if (paid) console.log(`paid ${id}`); // deliver here, once for each order: a call may come twice
  return answer.ok || answer.status === 404 ? 204 : 503; // a test call names an order that does not exist
}

createServer(async (request, response) => {
  response.writeHead(await statusFor(request).catch(() => 500)).end();
}).listen(PORT, "127.0.0.1");
