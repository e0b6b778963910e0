import type { Kit } from "./kit.js";
export declare const kit: Kit;
