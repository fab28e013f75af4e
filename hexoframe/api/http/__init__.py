"""How the service is asked: paced, signed requests, answers and their errors."""
