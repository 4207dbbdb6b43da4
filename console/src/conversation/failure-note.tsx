import { BubbleNote } from "./bubble.tsx";
import { failureWords } from "./failure-words.ts";

type NoteProps = { name: string; failure: { code: string; message: string } };

/** Why an agent has not answered, or not to the end. */
export function FailureNote({ name, failure }: NoteProps) {
  if (failure.code === "cancelled") {
    return (
      <BubbleNote>
        <strong>{name} was stopped.</strong>
      </BubbleNote>
    );
  }
  return (
    <BubbleNote isBad>
      <strong>{name} did not answer.</strong> {failureWords(failure)} <small>{failure.code}</small>
    </BubbleNote>
  );
}
