// What the clients for Node share: the object that is asked for, and how an error is told.
import { z } from "zod";

export const Place = z.object({ city: z.string(), population: z.int(), rainy: z.boolean() });

// What `run` throws, as its classes, the status and the provider's message; null if it does not.
export async function failure(run) {
  try {
    await run();
  } catch (error) {
    const status = error.status ?? error.statusCode ?? null;
    const types = [];
    for (let kind = error.constructor; kind.name; kind = Object.getPrototypeOf(kind)) {
      types.push(kind.name);
    }
    return { types, status, message: error.message };
  }
  return null;
}
