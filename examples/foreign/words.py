from wit_world import exports


class Words(exports.Words):
    def count(self, text: str) -> int:
        return len(text.split())

    def reverse(self, items: list[str]) -> list[str]:
        return list(reversed(items))
