export function Avatar({ name, tone }: { name: string; tone: number | undefined }) {
  return (
    <span class="avatar" data-tone={tone ?? "none"} aria-hidden="true">
      {[...name.trim()][0]?.toUpperCase() ?? "?"}
    </span>
  );
}
