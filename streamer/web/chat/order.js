// What goes in a room, as who looks after it asks for it over the API, signed as the one who is here.
import { call } from "../api.js";
import { identity } from "../line.js";

/** The answer to `method` at an address below the room's; undefined where there is none. Rejects with a Problem. */
export async function ask(room, method, rest = "", body = undefined) {
  const headers = { ...identity(), ...(body && { "Content-Type": "application/json" }) };
  const options = { method, headers, ...(body && { body: JSON.stringify(body) }) };
  const response = await call(`/api/v1/rooms/${encodeURIComponent(room.name)}${rest}`, options);
  return response.status === 204 ? undefined : response.json();
}
