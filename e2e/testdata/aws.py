"""moto's server, taught to sign as AWS does.

AWS signs a digest as it is when told MessageType=DIGEST, which is how every
client signs. moto (5.2) does not know that parameter and hashes the digest once
more, so its signatures verify nowhere else.

    python aws.py -H 127.0.0.1 -p PORT
"""

import sys
import threading

from cryptography.hazmat.primitives.asymmetric import ec, utils
from moto.kms.responses import KmsResponse
from moto.kms.utils import ECDSAPrivateKey
from moto.server import main

request = threading.local()
answer = KmsResponse.sign


def sign_request(self):
    request.digest = self._get_param("MessageType") == "DIGEST"
    return answer(self)


def sign(self, message, signing_algorithm):
    algorithm = self._ECDSAPrivateKey__hash_algorithm(signing_algorithm)
    if request.digest:
        algorithm = utils.Prehashed(algorithm)
    return self.private_key.sign(message, ec.ECDSA(algorithm))


KmsResponse.sign = sign_request
ECDSAPrivateKey.sign = sign

if __name__ == "__main__":
    sys.exit(main())
