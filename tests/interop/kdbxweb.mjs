// Makes and reads KDBX 4 files with kdbxweb, for interop_test.py.
//   node kdbxweb.mjs make FILE PASSPHRASE KDF ENTRIES   the file, and on standard output what is in it
//   node kdbxweb.mjs dump FILE PASSPHRASE               what is in it
// What is in it: a JSON list of entries, each with path, fields (value and protection), binaries
// (base64), tags and times in seconds.
import {readFileSync, writeFileSync} from 'node:fs';
import {argon2d, argon2id} from 'hash-wasm';
import kdbxweb from 'kdbxweb';

kdbxweb.CryptoEngine.setArgon2Impl(async (password, salt, memory, iterations, length, parallelism, type) => {
  const derive = type === kdbxweb.CryptoEngine.Argon2TypeArgon2id ? argon2id : argon2d;
  const hash = await derive({
    password: new Uint8Array(password), salt: new Uint8Array(salt), memorySize: memory, iterations,
    parallelism, hashLength: length, outputType: 'binary',
  });
  return hash.buffer.slice(hash.byteOffset, hash.byteOffset + hash.byteLength);
});

const hidden = (text) => kdbxweb.ProtectedValue.fromString(text);
const base64 = (bytes) => kdbxweb.ByteUtils.bytesToBase64(bytes);

function bytesOf(binary) {
  let value = binary;
  if (value && value.value) value = value.value;
  if (value instanceof kdbxweb.ProtectedValue) value = value.getBinary();
  return value instanceof ArrayBuffer ? new Uint8Array(value) : value;
}

function pathOf(group, root) {
  const names = [];
  for (let at = group; at && at !== root; at = at.parentGroup) names.unshift(at.name);
  return names;
}

function described(db) {
  const root = db.getDefaultGroup();
  const list = [];
  for (const entry of root.allEntries()) {
    const fields = {};
    for (const [key, value] of entry.fields) {
      const secret = value instanceof kdbxweb.ProtectedValue;
      fields[key] = {value: secret ? value.getText() : value, hidden: secret};
    }
    const binaries = {};
    for (const [name, binary] of entry.binaries) binaries[name] = base64(bytesOf(binary));
    const seconds = (date) => Math.floor(date.getTime() / 1000);
    list.push({
      uuid: Buffer.from(entry.uuid.id, 'base64').toString('hex'),
      path: pathOf(entry.parentGroup, root), fields, binaries, tags: entry.tags,
      created: seconds(entry.times.creationTime), modified: seconds(entry.times.lastModTime),
      expires: entry.times.expires ? seconds(entry.times.expiryTime) : null,
      history: entry.history.length,
    });
  }
  return list;
}

async function make(file, credentials, kdf, count) {
  const db = kdbxweb.Kdbx.create(credentials, 'made by kdbxweb');
  db.setKdf(kdf === 'argon2id' ? kdbxweb.Consts.KdfId.Argon2id : kdbxweb.Consts.KdfId.Argon2d);
  const root = db.getDefaultGroup();
  const groups = [root];
  for (const name of ['Work', 'Private', 'Ünïcode 🔑', 'a/b & <c>']) groups.push(db.createGroup(root, name));
  for (const parent of groups.slice(1)) groups.push(db.createGroup(parent, 'below'));
  const shared = await db.createBinary(new Uint8Array([0, 1, 2, 254, 255]).buffer);
  for (let n = 0; n < count; n++) {
    const entry = db.createEntry(groups[n % groups.length]);
    const set = (key, value) => entry.fields.set(key, value);
    set('Title', `entry ${n} – ${['plain', 'tränen', '日本語', '🔐 key', 'العربية'][n % 5]}`);
    set('UserName', `user${n}@example.org`);
    set('Password', hidden(`pass ${n} <&>"' \t ${'é'.repeat(n % 7)}`));
    set('URL', `https://s${n}.example.org/?a=1&b=${n}`);
    if (n % 3 === 0) set('Notes', `line one of ${n}\nline two & <three>`);
    if (n % 4 === 0) set('PIN', hidden(String(1000 + n)));
    if (n % 4 === 1) set('Ünï plain', `value ${n}`);
    if (n % 5 === 0) set('otp', hidden(`otpauth://totp/?secret=GEZDGNBVGY3TQOJQ&algorithm=SHA1&digits=${6 + (n % 3)}&period=30`));
    if (n % 6 === 0) set('KP2A_URL', `https://second${n}.example.org`);
    if (n % 12 === 0) set('KP2A_URL_1', `https://third${n}.example.org`);
    if (n % 7 === 0) entry.binaries.set('shared.bin', shared);
    if (n % 50 === 0) {
      const own = new Uint8Array(1000 + n % 1000).map((_, i) => (i * 31 + n) & 255);
      entry.binaries.set(`own ${n}.dat`, await db.createBinary(own.buffer));
    }
    if (n % 8 === 0) entry.tags = ['alpha', `tag${n % 16}`, 'ünï'];
    entry.times.creationTime = new Date(1577934245000 + n * 1000);
    entry.times.lastModTime = new Date(1609556645000 + n * 1000);
    entry.times.lastAccessTime = entry.times.lastModTime;
    if (n % 9 === 0) {
      entry.times.expires = true;
      entry.times.expiryTime = new Date(1893456000000 + n * 1000);
    }
  }
  writeFileSync(file, Buffer.from(await db.save()));
  return described(db);
}

const [verb, file, passphrase, kdf, count] = process.argv.slice(2);
const credentials = new kdbxweb.Credentials(hidden(passphrase));
let list;
if (verb === 'make') {
  list = await make(file, credentials, kdf, Number(count));
} else {
  const read = readFileSync(file);
  const bytes = read.buffer.slice(read.byteOffset, read.byteOffset + read.byteLength);
  list = described(await kdbxweb.Kdbx.load(bytes, credentials));
}
process.stdout.write(JSON.stringify(list));
