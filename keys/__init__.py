"""Who can sign: key handles, trust anchors, validation data, the development PKI.

Must not import any other room of Absah. The verifier may import `keys.trust` alone.
"""
