"""A task that goes on after errors of the database still ends when it is told to."""

import asyncio

import pytest
import sqlalchemy as sa

from streamer.database import heed_cancel


async def test_a_cancellation_that_became_an_error_of_the_database_counts():
    errors, goes_on = 0, asyncio.Event()

    async def work_for_ever():
        nonlocal errors
        while True:
            try:
                try:
                    await asyncio.sleep(0 if errors < 3 else 3600)
                    raise sa.exc.OperationalError("", {}, Exception("the disk was away"))
                except asyncio.CancelledError:
                    raise sa.exc.PendingRollbackError("the transaction can't be rolled back") from None
            except sa.exc.SQLAlchemyError:
                heed_cancel()
                errors += 1
                if errors == 3:
                    goes_on.set()

    task = asyncio.create_task(work_for_ever())
    await goes_on.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
