"""What this worker does: it counts the words of a text, and says how far it is."""
import collections, time

MANIFEST = {
    "name": "words",
    "concurrency": 1,
    "commands": [{
        "name": "text.count",
        "leaseSeconds": 15,
        "retry": {"maxRuns": 3},
        "input": {
            "type": "object",
            "properties": {
                "text": {"type": "string"},
                "pauseSeconds": {"type": "number", "minimum": 0, "maximum": 60, "default": 0},
            },
            "required": ["text"],
            "additionalProperties": False,
        },
        "output": {"type": "object", "required": ["words", "most"]},
    }],
}

def count(arguments, report, is_stopped):
    words = arguments["text"].split()
    counted = collections.Counter()
    for index, word in enumerate(words):
        if is_stopped(): return None
        counted[word.strip(".,;:!?").lower()] += 1
        report(100 * (index + 1) / len(words), f"{index + 1} of {len(words)} words")
        time.sleep(arguments.get("pauseSeconds", 0))
    return {"words": len(words), "most": counted.most_common(3)}

HANDLERS = {"text.count": count}
