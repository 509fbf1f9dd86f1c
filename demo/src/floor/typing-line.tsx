export function TypingLine({ names }: { readonly names: readonly string[] }) {
  return (
    <p className="typing" aria-live="polite">
      {names.length > 0 && (
        <>
          <span className="typing-dots" aria-hidden="true">
            <i />
            <i />
            <i />
          </span>
          {names.length > 2
            ? 'Several people are typing'
            : `${names.join(' and ')} ${names.length === 1 ? 'is' : 'are'} typing`}
        </>
      )}
    </p>
  )
}
