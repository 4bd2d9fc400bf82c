"""References of images as the simulated cluster knows them: the tag says how containers behave, and
the digest holds the tag (tests/support/cluster/images.hpp)."""


def fnv1a(text):
    value = 14695981039346656037
    for byte in text.encode():
        value = ((value ^ byte) * 1099511628211) % 2**64
    return value


def pinned(repository, tag):
    """repository@sha256:…, as the registry resolves repository:tag."""
    assert len(tag) <= 24, tag
    return f"{repository}@sha256:{fnv1a(repository + ':' + tag):016x}{tag.encode().ljust(24, bytes(1)).hex()}"


def tag_of(reference):
    """The tag of a reference, pinned or not."""
    if "@sha256:" in reference:
        return bytes.fromhex(reference.split("@sha256:")[1][16:]).rstrip(b"\0").decode()
    return reference.rsplit(":", 1)[1]
