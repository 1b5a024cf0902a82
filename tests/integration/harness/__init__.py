# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the integration tests share: the server under test, and clients for it."""
