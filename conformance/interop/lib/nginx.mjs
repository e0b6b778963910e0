//! nginx in front of a server, as Debian installs it, with the configuration that the example `behind_proxy` shows.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./ports.mjs";
import { Server } from "./server.mjs";

const NGINX = "/usr/sbin/nginx";

const configuration = (port, upstream, folder) => `
daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log stderr warn;
events {}
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  map $http_upgrade $connection_upgrade { default upgrade; "" ""; }
  server {
    listen 127.0.0.1:${port};
    location /socket.io/ {
      proxy_pass http://127.0.0.1:${upstream};
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Host $http_host;
      proxy_read_timeout 60s;
    }
  }
}
`;

/** An nginx process that passes everything on to `upstream`, a port of this machine. */
export class Nginx extends Server {
  #folder;

  static async before(upstream) {
    const folder = mkdtempSync(join(tmpdir(), "sockeye-nginx-"));
    const file = join(folder, "nginx.conf");
    const nginx = new Nginx([NGINX, "-p", folder, "-e", "stderr", "-c", file]);
    nginx.#folder = folder;
    nginx.port = await freePort();
    writeFileSync(file, configuration(nginx.port, upstream, folder));
    await nginx.start();
    return nginx;
  }

  async kill() {
    await super.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
