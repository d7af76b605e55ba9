// Takes Polycart's webhooks, verifies their signature and prints each event once. Node 18 or newer, no packages.
//
//   node docs/webhooks/receiver.mjs ./webhook-secret 9001
import { createHmac, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const [secretFile = 'webhook-secret', port = '9001'] = process.argv.slice(2);
const secret = readFileSync(secretFile, 'utf8').replace(/\r?\n$/, '');
const maxBody = 1 << 20; // more than any event has
const seen = new Set(); // in production: a table of the database in which the event's effect is kept too

createServer(async (request, response) => {
  const answer = (status) => response.writeHead(status).end();
  const parts = [];
  let size = 0;
  try {
    for await (const part of request) {
      size += part.length;
      if (size > maxBody) return answer(413);
      parts.push(part);
    }
  } catch {
    return; // the sender broke off
  }
  const body = Buffer.concat(parts);

  // The signature is over the bytes as they came: verify before you parse, and compare in constant time.
  const want = createHmac('sha256', secret).update(body).digest();
  const sent = Buffer.from(String(request.headers['x-webhook-signature'] ?? '').replace(/^sha256=/, ''), 'hex');
  if (sent.length !== want.length || !timingSafeEqual(sent, want)) return answer(401);

  let event;
  try {
    event = JSON.parse(body.toString('utf8'));
  } catch {
    return answer(400);
  }
  // Every event comes at least once, so it may come again: its id tells.
  if (!seen.has(event.id)) {
    seen.add(event.id);
    console.log(event.type, event.id, JSON.stringify(event.data));
  }
  answer(204);
}).listen(Number(port), '127.0.0.1');
