/** The arguments of event `K`: those of the object's own event when there is one, else those of the user's. */
export type EventArgs<Own, User, K> = K extends keyof Own ? FunctionArgs<Own[K]> : K extends keyof User ? FunctionArgs<User[K]> : never;
/** The parameters of a function type. */
export type FunctionArgs<F> = F extends (...args: infer A) => unknown ? A : never;
/** The names of a map's events. */
export type EventName<Events> = Extract<keyof Events, string>;
/** A map of events for those who do not type them: any name, any arguments. */
export interface DefaultEvents {
    [event: string]: (...args: unknown[]) => void;
}
/** A listener whose arguments are not known here. */
export type AnyListener = (...args: never[]) => void;
/** Calls `listener` as a method of `self` and keeps what it throws away from the caller. */
export declare function invoke(self: unknown, listener: AnyListener, args: readonly unknown[]): void;
/** A listener that removes itself, and the one it stands for. */
type Once = AnyListener & {
    _of?: AnyListener;
};
/** The list without the first registration of a listener, or an empty one. Never changes a list: it may be in use. */
export declare function without<L extends Once>(listeners: L[], listener?: AnyListener): L[];
/** An object with events. */
export declare class Emitter<Own extends object, User extends object = Own> {
    private _listeners;
    /** Adds a listener; one that is added twice is called twice. */
    on<K extends EventName<Own> | EventName<User>, A extends EventArgs<Own, User, K>>(event: K, listener: (...args: A) => void): this;
    /** Adds a listener that is removed before its first call. */
    once<K extends EventName<Own> | EventName<User>, A extends EventArgs<Own, User, K>>(event: K, listener: (...args: A) => void): this;
    /** Removes one listener (its oldest registration), all of an event, or all. */
    off<K extends EventName<Own> | EventName<User>>(event?: K, listener?: AnyListener): this;
    /** The same as `on`. */
    addEventListener<K extends EventName<Own> | EventName<User>, A extends EventArgs<Own, User, K>>(event: K, listener: (...args: A) => void): this;
    /** The same as `off`. */
    removeListener<K extends EventName<Own> | EventName<User>>(event?: K, listener?: AnyListener): this;
    /** The same as `off`. */
    removeEventListener<K extends EventName<Own> | EventName<User>>(event?: K, listener?: AnyListener): this;
    /** The same as `off`. */
    removeAllListeners<K extends EventName<Own> | EventName<User>>(event?: K): this;
    /** The listeners of an event, in the order of their calls. */
    listeners<K extends EventName<Own> | EventName<User>>(event: K): AnyListener[];
    /** Whether an event has a listener. */
    hasListeners<K extends EventName<Own> | EventName<User>>(event: K): boolean;
    private _listenersOf;
}
export {};
