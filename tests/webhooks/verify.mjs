// Reads a call as JSON from standard input, and says whether the scheme's library for Node takes it.
import { Webhook } from "standardwebhooks";

const { secret, headers, body } = JSON.parse(Buffer.concat(await process.stdin.toArray()));
try {
  new Webhook(secret).verify(body, headers);
  console.log("genuine");
} catch (error) {
  console.log(`refused: ${error.message}`);
}
