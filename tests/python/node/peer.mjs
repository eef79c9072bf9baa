// A program on @azure/msal-node that keeps its cache in a file, as its documentation shows.
//
//     node peer.mjs sign-in SCOPE USER_CODE_FILE
//     node peer.mjs token SCOPE

import { createRequire } from "node:module";
import fs from "node:fs";
import path from "node:path";

// The packages are installed elsewhere.
const require = createRequire(path.join(process.env.DOORKEY_NODE_MODULES, "here.js"));
const { pathToFileURL } = await import("node:url");
const { PublicClientApplication } = await import(
    pathToFileURL(require.resolve("@azure/msal-node"))
);

const cacheFile = process.env.DOORKEY_CACHE_FILE;
const authority = new URL(process.env.DOORKEY_AUTHORITY);

// msal-node writes an authority's port into its cache, Python's library does not, and the real ones
// have none. So its authority has none here: the port is put in on the way, and taken out on the
// way back.
async function send(method, url, options) {
    const target = new URL(url);
    target.port = authority.port;
    const { headers, body } = options ?? {};
    const response = await fetch(target, { method, headers, body });
    return {
        headers: Object.fromEntries(response.headers),
        body: JSON.parse((await response.text()).replaceAll(authority.host, authority.hostname)),
        status: response.status,
    };
}

const client = new PublicClientApplication({
    auth: {
        clientId: process.env.DOORKEY_CLIENT_ID,
        authority: `https://${authority.hostname}/${process.env.DOORKEY_TENANT_ID}`,
        knownAuthorities: [authority.hostname],
    },
    system: {
        networkClient: {
            sendGetRequestAsync: (url, options) => send("GET", url, options),
            sendPostRequestAsync: (url, options) => send("POST", url, options),
        },
    },
    cache: {
        cachePlugin: {
            async beforeCacheAccess(context) {
                if (fs.existsSync(cacheFile)) {
                    context.tokenCache.deserialize(fs.readFileSync(cacheFile, "utf8"));
                }
            },
            async afterCacheAccess(context) {
                if (context.cacheHasChanged) {
                    fs.writeFileSync(cacheFile, context.tokenCache.serialize(), { mode: 0o600 });
                }
            },
        },
    },
});

const [verb, scope, codeFile] = process.argv.slice(2);
let result;
if (verb === "sign-in") {
    result = await client.acquireTokenByDeviceCode({
        scopes: [scope],
        deviceCodeCallback: ({ userCode }) => fs.writeFileSync(codeFile, userCode),
    });
} else {
    const accounts = await client.getTokenCache().getAllAccounts();
    if (accounts.length !== 1) {
        throw new Error(`${accounts.length} accounts`);
    }
    result = await client.acquireTokenSilent({ account: accounts[0], scopes: [scope] });
}
console.log(result.accessToken);
