/**
 * Socket.IO 4 as its documentation has it: a room, `emit` with acknowledgements, and, with a database, the tutorial's
 * "server delivery": each message is stored first, and whoever connects gets what came after the offset they name.
 *
 *     node socketio.cjs PORT [FOLDER_OF_THE_POSTGRESQL_SOCKET]
 *
 * https://socket.io/docs/v4/emitting-events/#acknowledgements
 * https://socket.io/docs/v4/tutorial/step-7 (server delivery), step-8 (client delivery: the offset of a client is unique)
 */

const { createServer } = require("node:http");
const { Server } = require("socket.io");
const { Pool } = require("pg");

const [port, database] = process.argv.slice(2);
const TIMEOUT = 60_000; // milliseconds until an acknowledgement counts as missing
const pool = database ? new Pool({ host: database, user: "parley", database: "parley" }) : null;
const http = createServer();
const io = new Server(http, { transports: ["websocket"], serveClient: false });
let acked = 0;

io.on("connection", async (socket) => {
  socket.on("stats", (answer) => answer(acked));
  socket.on("post", async (text, ref, answer) => {
    const id = pool ? await store(text, ref) : 0;
    io.to("room").timeout(TIMEOUT).emit("message", text, id, (_error, replies) => (acked += replies.length));
    answer(id);
  });
  if (pool) await catchUp(socket);
  socket.join("room");
  socket.emit("ready");
});

async function store(text, ref) {
  const { rows } = await pool.query("INSERT INTO messages (content, client_offset) VALUES ($1, $2) RETURNING id", [text, ref]);
  return Number(rows[0].id);
}

async function catchUp(socket) {
  const { rows } = await pool.query("SELECT id, content FROM messages WHERE id > $1 ORDER BY id", [socket.handshake.auth.offset ?? 0]);
  for (const { id, content } of rows) {
    socket.timeout(TIMEOUT).emit("message", content, Number(id), (error) => error || (acked += 1));
  }
}

async function start() {
  await pool?.query(
    "CREATE TABLE IF NOT EXISTS messages (id bigserial PRIMARY KEY, client_offset text UNIQUE, content text)",
  );
  http.listen(Number(port), "127.0.0.1", 4096);
}

start();
