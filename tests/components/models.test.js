// What keeps a step from asking a model, and the lists of types that fill slots.
import assert from "node:assert/strict";
import { test } from "node:test";
import { accountSlot, fieldsOf, lacksModel } from "../../flowstudio/components/studio/models.js";

const account = { name: "account", ambient: true };
const named = { name: "model_name", kind: "model" };
const agent = { fields: [named, { name: "prompt", kind: "multiline" }], credentials: [account], slots: [{ name: "model" }, { name: "tools" }] };
const vendor = { fields: [{ name: "model", kind: "model" }], credentials: [account], slots: [] };
const none = new Set();

test("an agent lacks a model until one is attached or an account is chosen", () => {
  assert.equal(lacksModel(agent, {}, none), "model");
  assert.equal(lacksModel(agent, {}, new Set(["in/tools"])), "model");
  assert.equal(lacksModel(agent, {}, new Set(["in/model"])), null);
  assert.equal(lacksModel(agent, { credentials: { account: "1" } }, none), null);
});

test("a node of one vendor lacks its account, and steps without a model lack nothing", () => {
  assert.equal(lacksModel(vendor, {}, none), "account");
  assert.equal(lacksModel({ fields: [{ name: "url", kind: "url" }], credentials: [account] }, {}, none), null);
  assert.equal(accountSlot({ fields: [], credentials: [account] }), null);
});

test("the server says itself what is missing where no run can bring a credential along", () => {
  assert.equal(lacksModel({ ...vendor, credentials: [{ name: "account", ambient: false }] }, {}, none), null);
});

test("the name of an own model does not matter once a model is attached", () => {
  assert.deepEqual(fieldsOf(agent, true).map(({ name }) => name), ["prompt"]);
  assert.deepEqual(fieldsOf(agent, false), agent.fields);
});
