// What is asked of the server. Nothing is kept here: every answer is the whole state of a tube.

export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function answer(response) {
  let body = {};
  try {
    body = await response.json();
  } catch {
    body = {};
  }
  if (!response.ok) {
    throw new Refused(response.status, body.refused || `the server answered ${response.status}`);
  }
  return body;
}

export async function get(path) {
  return answer(await fetch(path, { credentials: "same-origin" }));
}

export async function post(path, body) {
  return answer(
    await fetch(path, {
      method: "POST",
      credentials: "same-origin",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    }),
  );
}

export const tubePath = (key) => `/api/tubes/${encodeURIComponent(key)}`;
export const gatePath = (key, gate) => `${tubePath(key)}/gates/${encodeURIComponent(gate)}`;
