import { Session } from "./session.js";
/** Probes the first transport behind the one in use that the server offers. */
export declare function upgrade(session: Session, offered: unknown): void;
